"""Side by side with PyTorch: `python -m benchmarks`. Not part of the package."""
