-- Every moment at which something happened, taken apart.
with moments as (
    select distinct occurred_at, occurred_day from {{ ref('stg_transactions') }}
)
select
    cast(occurred_at as {{ dbt.type_string() }}) as datetime_id,
    occurred_at as datetime,
    cast(occurred_at as date) as date,
    cast(extract(year from occurred_at) as integer) as year,
    cast(extract(quarter from occurred_at) as integer) as quarter,
    cast(extract(month from occurred_at) as integer) as month,
    cast(extract(day from occurred_at) as integer) as day,
    cast(extract(hour from occurred_at) as integer) as hour,
    cast(extract(minute from occurred_at) as integer) as minute,
    -- Day 0 was a Thursday; engines number weekdays each in its own way.
    mod(mod(occurred_day + 3, 7) + 7, 7) + 1 as weekday
from moments
