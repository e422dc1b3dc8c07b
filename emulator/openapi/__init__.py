"""An emulated API as an OpenAPI 3.1 document, made from the playbook that answers, so that the two agree."""
