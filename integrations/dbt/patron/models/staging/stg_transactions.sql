-- The receipt lines that hold now; a line that a correction replaced keeps its row in silver, with the time it was replaced.
select
    {{ dbt.concat(["source", "'-'", "file_id", "'-'", "cast(line as " ~ dbt.type_string() ~ ")"]) }} as invoice_line_id,
    customer_id,
    order_id,
    occurred_at,
    occurred_day,
    known_at,
    amount,
    coalesce(quantity, 1) as quantity,
    unit_price,
    discount,
    margin,
    product_id,
    category,
    branch_id,
    channel,
    country,
    is_refund,
    source
from {{ source('silver', 'transactions') }}
where superseded_at is null
