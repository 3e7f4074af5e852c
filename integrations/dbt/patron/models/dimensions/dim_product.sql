-- Everything that was sold under an id or stands in the list of products.
with sold as (
    select product_id, max(category) as category
    from {{ ref('stg_transactions') }}
    where product_id is not null
    group by product_id
),
listed as (
    {% if fills('products') %}
    select product_id, product_name, category, brand
    from {{ source('silver', 'products') }}
    where superseded_at is null
    {% else %}
    select
        product_id,
        cast(null as {{ dbt.type_string() }}) as product_name,
        category,
        cast(null as {{ dbt.type_string() }}) as brand
    from sold
    where 1 = 0
    {% endif %}
),
everything as (
    select product_id from sold
    union distinct
    select product_id from listed
)
select
    everything.product_id,
    listed.product_name,
    coalesce(listed.category, sold.category) as category,
    listed.brand
from everything
left join listed on listed.product_id = everything.product_id
left join sold on sold.product_id = everything.product_id
