"""The addresses of the service: they speak HTTP and nothing else."""
