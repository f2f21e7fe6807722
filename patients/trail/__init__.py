"""The audit trail read: whether its chain is whole, and what it says in plain words. Rows are written by patients.audit alone."""
