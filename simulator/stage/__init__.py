"""The stage: plays a scenario with real processes and judges it by what they say in JSON."""
