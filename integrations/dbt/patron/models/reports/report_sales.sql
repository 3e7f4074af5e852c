-- Sales by day, of identified customers and of nobody in particular.
select
    dim_datetime.date,
    dim_datetime.year,
    dim_datetime.month,
    sum(fct.total) as revenue,
    sum(case when fct.customer_id is null then fct.total else 0 end) as anonymous_revenue,
    sum(case when fct.is_refund then fct.total else 0 end) as refunds,
    count(distinct fct.invoice_id) as invoices,
    count(distinct fct.customer_id) as customers,
    sum(fct.quantity) as items
from {{ ref('fct_invoices') }} as fct
inner join {{ ref('dim_datetime') }} as dim_datetime on dim_datetime.datetime_id = fct.datetime_id
group by dim_datetime.date, dim_datetime.year, dim_datetime.month
