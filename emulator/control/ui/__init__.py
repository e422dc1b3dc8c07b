"""The inspector: a page in the browser that shows what the emulator sees, and the module that serves it."""
