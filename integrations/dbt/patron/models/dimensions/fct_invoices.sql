-- One row per receipt line, refunds and cancellations with negative amounts.
select
    invoice_line_id,
    order_id as invoice_id,
    cast(occurred_at as {{ dbt.type_string() }}) as datetime_id,
    customer_id,
    product_id,
    branch_id,
    channel,
    country,
    quantity,
    unit_price,
    amount as total,
    is_refund
from {{ ref('stg_transactions') }}
