"""What exports call the columns of each table, in the languages of the exports we have met."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# For each table and column: names by which it goes, clearest first. Names are as ``plain_name`` gives them.
NAMES: Final[dict[str, dict[str, str]]] = {
    "transactions": {
        "row_id": "row_id line_id transaction_id trans_id txn_id movement_id entry_id record_id posting_id booking_id uuid id_transaccion id_transakce transaktions_id",
        "customer_id": "customer_id customer_no customer_number customer_code cust_id cust_no customer client_id client_no client household_id household_key member_id member_no user_id buyer_id shopper_id subscriber_id patron_id guest_id loyalty_id account_holder_id holder_id holder_no cardholder_id account_id account_no account_number account account_holder holder cardholder kunden_id kundennummer kunden_nr kundennr kunde id_client numero_client no_client code_client id_cliente cliente_id codigo_cliente cliente codice_cliente klant_id klantnummer klantnr klant zakaznik_id id_zakaznika cislo_zakaznika zakaznik klient_id id_klienta konto kontonummer ucet cislo_uctu contact_id person_id customer_unique_id customer_ref customer_reference cif cif_no cif_number party_id crm_id customer_email email",
        "order_id": "order_id order_no order_number order_name invoice_no invoice_id invoice_number invoice basket_id receipt_id receipt_no receipt_number receipt ticket_id ticket_no bill_id bill_no order sales_order transaction_id trans_id txn_id transaction_no bestellnummer bestell_nr bestell_id bestellung rechnungsnummer rechnungs_nr rechnungsnr rechnung belegnummer beleg_nr beleg bon_nr bon numero_commande no_commande id_commande commande numero_facture no_facture facture numero_pedido id_pedido pedido num_factura factura numero_ordine id_ordine ordine fattura ordernummer bestelnummer bestelling factuurnummer factuur cislo_objednavky objednavka cislo_faktury faktura nr_zamowienia zamowienie",
        "occurred_at": "occurred_at invoice_date order_date transaction_date transaction_timestamp transaction_time transaction_datetime purchase_date purchased_at sale_date sales_date order_datetime order_timestamp order_purchase_timestamp ordered_at invoice_datetime receipt_date basket_date trans_date txn_date date_time datetime timestamp date booking_date posting_date value_date created_at created order_time day time bestelldatum rechnungsdatum kaufdatum verkaufsdatum buchungsdatum buchungstag belegdatum datum date_commande date_achat date_facture date_vente fecha_pedido fecha_compra fecha_factura fecha_venta fecha data_ordine data_acquisto data_fattura data_pedido data_compra data orderdatum besteldatum factuurdatum datum_objednavky datum_nakupu datum_prodeje data_zamowienia data_zakupu",
        "known_at": "known_at recorded_at loaded_at inserted_at ingested_at",
        "amount": "amount sales_value line_total line_amount total_amount order_total order_amount order_value total_price sales_amount sale_amount transaction_amount net_amount gross_amount grand_total revenue net_sales gross_sales total_sales sales turnover total spend spent payment_value subtotal value gesamtbetrag gesamtpreis gesamtsumme betrag umsatz summe gesamt montant_total montant total_ttc total_ht chiffre_affaires importe_total importe monto_total monto importo_totale importo totale bedrag totaalbedrag omzet totaal castka celkem cena_celkem kwota wartosc valor_total valor price preis prix precio prezzo prijs cena preco",
        "quantity": "quantity qty units pieces item_count items_count number_of_items no_of_items items num_items count cds menge anzahl stueckzahl stuckzahl stueck quantite qte cantidad cant unidades quantita qta aantal hoeveelheid mnozstvi pocet_kusu pocet ilosc quantidade",
        "unit_price": "unit_price price_per_unit price_each item_price price_per_item single_price price list_price einzelpreis stueckpreis stuckpreis preis prix_unitaire prix precio_unitario precio prezzo_unitario prezzo stukprijs prijs jednotkova_cena cena_za_kus cena cena_jednostkowa preco_unitario preco",
        "discount": "discount discount_amount discount_value total_discount retail_disc rebate markdown rabatt rabattbetrag nachlass remise descuento sconto korting sleva rabat desconto",
        "margin": "margin margin_amount gross_margin gross_profit profit contribution_margin contribution deckungsbeitrag rohertrag marge margen margine marze",
        "product_id": "product_id product_code product_no stock_code sku article_id article_no item_id item_no item_code product_sku upc ean gtin asin product article item artikelnummer artikel_nr artikel_id artikel produktnummer produkt_id produkt ref_produit code_produit id_produit produit id_producto codigo_producto producto codice_prodotto id_prodotto prodotto artikelcode kod_produktu id_produktu",
        "category": "category product_category product_group category_name department product_type commodity kategorie warengruppe produktgruppe categorie categoria kategoria afdeling rayon",
        "branch_id": "branch_id branch_no branch_code branch store_id store_no store_code store shop_id shop_no shop outlet_id outlet location_id site_id district_id filial_id filialnummer filial_nr filiale magasin_id magasin id_tienda tienda sucursal_id sucursal negozio filiaal winkel pobocka_id pobocka prodejna oddzial",
        "channel": "channel sales_channel order_channel channel_name platform medium vertriebskanal kanal canal_venta canal canale kanaal",
        "country": "country country_code country_name ship_country shipping_country billing_country land pays pais paese zeme kraj",
        "currency": "currency currency_code currency_iso waehrung wahrung devise moneda divisa valuta mena waluta moeda",
    },
    "customers": {
        "acquired_on": "acquired_on signup_date sign_up_date registration_date registered_at registered_on registered join_date joined_on joined customer_since member_since client_since account_opened opened_on opening_date open_date first_purchase_date created_at created_on created date eroeffnungsdatum registrierungsdatum kunde_seit date_inscription fecha_alta data_iscrizione",
        "birth_date": "birth_date date_of_birth dob birthday birthdate geburtsdatum date_naissance fecha_nacimiento data_nascita geboortedatum datum_narozeni data_urodzenia",
        "gender": "gender sex geschlecht sexe sexo sesso geslacht pohlavi plec",
        "country": "country country_code country_name land pays pais paese zeme kraj",
        "region": "region state province county area city town municipality commune district bundesland landkreis gemeinde stadt ort departement ville provincia ciudad municipio regione citta comune provincie gemeente plaats kraj okres obec mesto wojewodztwo gmina miasto",
        "postcode": "postcode postal_code post_code zip_code zip plz postleitzahl code_postal codigo_postal cap psc kod_pocztowy",
        "latitude": "latitude lat breitengrad breite latitud latitudine",
        "longitude": "longitude lon lng long laengengrad laenge longitud longitudine",
        "branch_id": "branch_id branch_no branch_code branch home_branch store_id home_store preferred_store district_id filiale filial_id pobocka oddzial",
        "acquisition_channel": "acquisition_channel acquisition_source signup_channel signup_source marketing_channel referrer source channel kanal canal canale",
        "plan": "plan plan_name account_type customer_type membership membership_type membership_level subscription_type contract contract_type product_plan tarif",
    },
    "products": {
        "product_name": "product_name product_title item_name article_name name title description product_description product_type bezeichnung artikelbezeichnung produktname libelle designation nombre nome omschrijving nazev nazwa",
        "category": "category product_category product_group category_name department class kategorie warengruppe categorie categoria kategoria",
        "brand": "brand brand_name manufacturer make marke marque marca merk znacka marka",
    },
    "branches": {
        "branch_name": "branch_name store_name shop_name outlet_name district_name location_name site_name name filialname nom nombre nome nazev nazwa",
        "region": "region state province county area city town municipality commune district bundesland landkreis gemeinde stadt ort departement ville provincia ciudad municipio regione citta comune gemeente plaats kraj okres obec mesto wojewodztwo gmina miasto",
        "country": "country country_code country_name land pays pais paese zeme",
    },
    "campaigns": {
        "campaign_id": "campaign_id campaign_no campaign_code campaign kampagnen_id kampagne campagne_id id_campana id_campagna",
        "campaign_name": "campaign_name campaign_type campaign_title name type description",
        "channel": "channel medium media kanal canal",
        "started_on": "started_on start_date start_day campaign_start start begins_on begin_date",
        "ended_on": "ended_on end_date end_day campaign_end end finish_date",
    },
    "contacts": {
        "campaign_id": "campaign_id campaign_no campaign_code campaign kampagnen_id kampagne campagne_id",
        "contacted_at": "contacted_at contacted_on contact_date sent_at sent_on send_date mailed_at email_date date",
        "held_out": "held_out holdout hold_out control control_group is_control",
        "responded_at": "responded_at responded_on response_date redemption_date redeemed_at clicked_at click_date",
        "cost": "cost contact_cost unit_cost",
    },
    "engagements": {
        "row_id": "row_id event_id activity_id interaction_id message_id log_id uuid",
        "occurred_at": "occurred_at event_time event_timestamp event_at event_date activity_date activity_time interaction_date opened_at clicked_at visited_at timestamp datetime date_time date created_at time day datum",
        "known_at": "known_at recorded_at loaded_at inserted_at ingested_at",
        "kind": "kind event event_type event_name event_kind action activity activity_type interaction interaction_type engagement engagement_type ereignis aktion evenement evento udalost",
        "campaign_id": "campaign_id campaign_no campaign_code campaign kampagnen_id kampagne campagne_id",
        "channel": "channel medium platform kanal canal canale kanaal",
        "value": "value duration seconds pages points score dwell_time time_on_page",
    },
    "reviews": {
        "row_id": "row_id review_id rating_id feedback_id survey_id uuid",
        "occurred_at": "occurred_at review_date reviewed_at reviewed_on rated_at submitted_at posted_at review_time created_at date timestamp datum",
        "known_at": "known_at recorded_at loaded_at inserted_at ingested_at",
        "rating": "rating stars star_rating review_rating review_score nps bewertung note_client",
        "text": "text review review_text review_body comment comments feedback message bewertungstext commentaire comentario",
    },
    "subscriptions": {
        "plan": "plan plan_name plan_id tariff subscription_type contract_type product tier",
        "started_on": "started_on subscription_start start_date started_at contract_start activation_date activated_on start begin_date",
        "ended_on": "ended_on subscription_end end_date ended_at contract_end cancelled_on canceled_at cancellation_date churn_date end",
        "price": "price monthly_price monthly_charges monthly_charge monthly_fee fee amount mrr",
        "period": "period billing_period billing_cycle billing_interval interval",
    },
}
# A key goes by the same names wherever it stands.
for _table in ("customers", "contacts", "engagements", "reviews", "subscriptions"):
    NAMES[_table]["customer_id"] = NAMES["transactions"]["customer_id"]
for _table in ("products", "engagements", "reviews"):
    NAMES[_table]["product_id"] = NAMES["transactions"]["product_id"]
NAMES["branches"]["branch_id"] = NAMES["transactions"]["branch_id"]

# These are taken only from a clear name: a wrong guess would change what a customer is worth.
ONLY_BY_NAME: Final = frozenset({"discount", "margin", "known_at", "row_id", "held_out", "kind", "rating"})
# Words by which logs tell what people did short of buying, and those by which they tell of buying.
ENGAGEMENT_WORDS: Final = frozenset(
    [
        "open",
        "opened",
        "click",
        "clicked",
        "visit",
        "visited",
        "view",
        "viewed",
        "pageview",
        "impression",
        "login",
        "session",
        "bounce",
        "unsubscribe",
        "search",
        "share",
        "like",
        "follow",
        "download",
        "watch",
    ]
)
PURCHASE_WORDS: Final = frozenset(
    ["purchase", "purchased", "buy", "bought", "order", "ordered", "sale", "sold", "checkout", "payment", "refund"]
)
_DAYS_OF_OTHERS: Final = (
    ("customers", "acquired_on"),
    ("customers", "birth_date"),
    ("campaigns", "started_on"),
    ("campaigns", "ended_on"),
    ("contacts", "contacted_at"),
    ("contacts", "responded_at"),
    ("subscriptions", "started_on"),
    ("subscriptions", "ended_on"),
    ("transactions", "known_at"),
)
_ID_ENDINGS: Final = frozenset({"id", "no", "nr", "number", "num", "key", "code", "nummer", "uuid"})
_SHARES: Final = frozenset({"pct", "percent", "percentage", "rate", "ratio", "share", "prozent"})
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_GENERIC_IDS: Final = ("id", "key")

CLEAR, STEP, PARTLY, GENERIC = 0.98, 0.004, 0.62, 0.55


def plain_name(name: str) -> str:
    """A column's name in lower case without accents, its words parted by '_': 'InvoiceNo' gives invoice_no."""
    spelt = name.replace("ß", "ss").replace("ł", "l").replace("Ł", "L")
    plain = unicodedata.normalize("NFKD", spelt).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", _CAMEL.sub("_", plain).lower()).strip("_")


def name_score(table: str, column: str, source_column: str) -> float:
    """How well a source's column name fits a declared column, 0 to 1, by its name alone."""
    name = plain_name(source_column)
    known = NAMES[table].get(column, "").split()
    words = set(name.split("_"))
    if not known or (column in ("discount", "margin") and (words & _SHARES or "%" in source_column)):
        return 0.0
    if name in known:
        return max(CLEAR - STEP * known.index(name), 0.8)
    squeezed = {text.replace("_", "") for text in known}
    if name.replace("_", "") in squeezed:
        return 0.85
    if name in _GENERIC_IDS and column == "customer_id":
        return GENERIC
    if column in ONLY_BY_NAME or (column.endswith("_id") and name.rsplit("_", 1)[-1] not in _ID_ENDINGS):
        return 0.0
    within = [text for text in known if set(text.split("_")) <= words and len(text) > 3]
    return PARTLY if within else 0.0


def names_other_days(source_column: str) -> bool:
    """Whether a column's name says that its days are of another kind than when something was bought: born on, sent at."""
    return any(name_score(table, column, source_column) > PARTLY for table, column in _DAYS_OF_OTHERS)
