"""What proves the product under load: generators, the replay of real receipts, Locust users and the benchmark."""
