"""The change journal: every edit is kept until its file has it."""
