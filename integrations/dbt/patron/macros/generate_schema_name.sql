{# Schemas are called what they are called in dbt_project.yml, in whatever target: BI tools ask for reports.report_customer. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
