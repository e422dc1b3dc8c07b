"""`emulator run`: runs an unchanged program with its calls redirected here, and reports them."""
