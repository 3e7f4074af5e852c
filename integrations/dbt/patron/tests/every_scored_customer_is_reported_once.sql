-- Fails where a join lost or doubled a customer.
with scored as (select count(*) as customers, sum(expected_value) as expected_value from {{ source('gold', 'scores') }}),
told as (
    select 'report_customer' as name, count(*) as customers, sum(expected_value) as expected_value from {{ ref('report_customer') }}
    union all select 'report_country_customer', sum(customers), sum(expected_value) from {{ ref('report_country_customer') }}
)
select told.name, told.customers, scored.customers as expected
from told cross join scored
where told.customers <> scored.customers or abs(told.expected_value - scored.expected_value) > 0.01
