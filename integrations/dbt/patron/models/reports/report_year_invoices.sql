-- Each month of each year: invoices, customers and revenue.
select
    dim_datetime.year,
    dim_datetime.month,
    count(distinct fct.invoice_id) as invoices,
    count(distinct fct.customer_id) as customers,
    sum(fct.total) as revenue
from {{ ref('fct_invoices') }} as fct
inner join {{ ref('dim_datetime') }} as dim_datetime on dim_datetime.datetime_id = fct.datetime_id
group by dim_datetime.year, dim_datetime.month
