-- Each product: how often it was invoiced, how many pieces, and for how much.
select
    fct.product_id,
    max(dim_product.product_name) as product_name,
    max(dim_product.category) as category,
    count(distinct fct.invoice_id) as invoices,
    count(distinct fct.customer_id) as customers,
    sum(fct.quantity) as quantity,
    sum(fct.total) as revenue,
    sum(case when fct.is_refund then fct.total else 0 end) as refunds
from {{ ref('fct_invoices') }} as fct
inner join {{ ref('dim_product') }} as dim_product on dim_product.product_id = fct.product_id
group by fct.product_id
