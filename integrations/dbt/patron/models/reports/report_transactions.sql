-- One row per invoice and customer: when, how much, and whether all of it was given back.
select
    fct.invoice_id,
    fct.customer_id,
    min(dim_datetime.datetime) as invoiced_at,
    max(fct.country) as country,
    max(fct.channel) as channel,
    max(fct.branch_id) as branch_id,
    count(*) as lines,
    sum(fct.quantity) as items,
    sum(fct.total) as total,
    sum(case when fct.is_refund then fct.total else 0 end) as refunds,
    min(case when fct.is_refund then 1 else 0 end) = 1 as is_refund
from {{ ref('fct_invoices') }} as fct
inner join {{ ref('dim_datetime') }} as dim_datetime on dim_datetime.datetime_id = fct.datetime_id
group by fct.invoice_id, fct.customer_id
