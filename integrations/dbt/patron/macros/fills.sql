{# Whether some source of the workspace fills this silver table. #}
{% macro fills(table) -%}
    {{ return(table in var('patron_tables')) }}
{%- endmacro %}
