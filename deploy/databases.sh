#!/bin/bash
# Run once by the image of PostgreSQL, when its volume is empty: a database and a role each for Dagster's runs and for the register of approvals.
set -euo pipefail
psql --variable ON_ERROR_STOP=1 --variable dagster="$DAGSTER_POSTGRES_PASSWORD" --variable register="$REGISTER_POSTGRES_PASSWORD" --username postgres <<'SQL'
CREATE ROLE dagster LOGIN PASSWORD :'dagster';
CREATE ROLE register LOGIN PASSWORD :'register';
CREATE DATABASE dagster OWNER dagster;
CREATE DATABASE register OWNER register;
REVOKE CONNECT ON DATABASE dagster, register FROM PUBLIC;
SQL
