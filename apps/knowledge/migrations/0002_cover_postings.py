"""Puts what a search reads into the primary key's index, so that it never visits the table."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("knowledge", "0001_create_knowledge")]

    operations = [
        migrations.RunSQL(
            sql="""
                ALTER TABLE knowledge_posting
                    DROP CONSTRAINT knowledge_posting_pkey,
                    ADD CONSTRAINT knowledge_posting_pkey
                        PRIMARY KEY (organisation_id, term, passage_id) INCLUDE (frequency, length)
            """,
            reverse_sql="""
                ALTER TABLE knowledge_posting
                    DROP CONSTRAINT knowledge_posting_pkey,
                    ADD CONSTRAINT knowledge_posting_pkey PRIMARY KEY (organisation_id, term, passage_id)
            """,
        ),
        # Many small rows arrive and few leave: visibility must be known early for index-only scans.
        migrations.RunSQL(
            sql="""
                ALTER TABLE knowledge_posting SET (
                    autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05
                )
            """,
            reverse_sql="""
                ALTER TABLE knowledge_posting RESET (
                    autovacuum_vacuum_insert_scale_factor, autovacuum_analyze_scale_factor
                )
            """,
        ),
    ]
