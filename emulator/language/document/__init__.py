"""READ: from YAML text to a playbook that can be asked which rule answers."""
