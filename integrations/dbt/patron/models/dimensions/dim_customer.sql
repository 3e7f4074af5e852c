-- Everybody who is known by an id: from receipts, from the list of customers, or both.
with lines as (
    select * from {{ ref('stg_transactions') }} where customer_id is not null
),
bought as (
    select
        customer_id,
        min(occurred_at) as first_purchase_at,
        max(occurred_at) as last_purchase_at
    from lines
    where not is_refund and amount > 0
    group by customer_id
),
places as (
    select
        customer_id,
        country,
        row_number() over (partition by customer_id order by count(*) desc, country) as place
    from lines
    where country is not null
    group by customer_id, country
),
listed as (
    {% if fills('customers') %}
    select customer_id, acquired_on, birth_date, gender, country, region, branch_id, acquisition_channel, plan
    from {{ source('silver', 'customers') }}
    where superseded_at is null
    {% else %}
    select
        customer_id,
        cast(null as date) as acquired_on,
        cast(null as date) as birth_date,
        cast(null as {{ dbt.type_string() }}) as gender,
        cast(null as {{ dbt.type_string() }}) as country,
        cast(null as {{ dbt.type_string() }}) as region,
        cast(null as {{ dbt.type_string() }}) as branch_id,
        cast(null as {{ dbt.type_string() }}) as acquisition_channel,
        cast(null as {{ dbt.type_string() }}) as plan
    from bought
    where 1 = 0
    {% endif %}
),
everybody as (
    select customer_id from lines
    union distinct
    select customer_id from listed
)
select
    everybody.customer_id,
    coalesce(listed.country, places.country) as country,
    listed.region,
    listed.branch_id,
    listed.gender,
    listed.birth_date,
    listed.acquired_on,
    listed.acquisition_channel,
    listed.plan,
    bought.first_purchase_at,
    bought.last_purchase_at
from everybody
left join listed on listed.customer_id = everybody.customer_id
left join places on places.customer_id = everybody.customer_id and places.place = 1
left join bought on bought.customer_id = everybody.customer_id
