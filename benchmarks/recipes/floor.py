"""pytest's floor: pytest with pytest-asyncio, nothing else."""
