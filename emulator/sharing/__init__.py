"""What the processes of one server share beside the states of worlds: which worlds there are, and what each plays."""
