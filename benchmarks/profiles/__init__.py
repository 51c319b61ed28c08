"""Where the CPU of one kind of call goes, by subject."""
