-- Each country: its customers, what they have brought and what they are expected to bring.
select
    coalesce(country, 'unknown') as country,
    count(*) as customers,
    sum(orders) as orders,
    sum(historic_value) as historic_value,
    sum(expected_value) as expected_value,
    sum(case when tier = 'high' then 1 else 0 end) as high_tier_customers,
    sum(probability_alive) as active_customers
from {{ ref('report_customer') }}
group by coalesce(country, 'unknown')
