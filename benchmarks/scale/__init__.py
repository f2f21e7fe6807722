"""A large clinic, made up for benchmarks.clinic_scale."""
