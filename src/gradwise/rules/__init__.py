"""One file per ailment: its handbook page, its declaration, its pure check."""
