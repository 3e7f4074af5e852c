-- Fails with the tables whose revenue is not that of the receipt lines in silver.
with silver as (select sum(amount) as revenue from {{ source('silver', 'transactions') }} where superseded_at is null),
told as (
    select 'fct_invoices' as name, sum(total) as revenue from {{ ref('fct_invoices') }}
    union all select 'report_sales', sum(revenue) from {{ ref('report_sales') }}
    union all select 'report_transactions', sum(total) from {{ ref('report_transactions') }}
    union all select 'report_year_invoices', sum(revenue) from {{ ref('report_year_invoices') }}
)
select told.name, told.revenue, silver.revenue as expected
from told cross join silver
where told.revenue <> silver.revenue
