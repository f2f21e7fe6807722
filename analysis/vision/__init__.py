"""Image analysis of skin lesions: arrays in, dataclasses out.

No Django, no Celery, no clock, no globals; importable alone. Importing this package is cheap: torch is only
loaded by the modules that need it (`networks`, `classify`, `segment`, `explain`, `weights`, `training`).
"""
