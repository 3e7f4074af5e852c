"""Alembic's own entry: steps run on the connection that was handed over, in its transaction."""

from alembic import context

from patron.governance.state.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
