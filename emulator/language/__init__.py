"""The language of API and scenario files: YAML documents, their schema, and the expressions in them."""
