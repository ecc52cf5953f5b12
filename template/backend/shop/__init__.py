"""The sample shop: catalogue, orders, payments, events. It builds on `accounts`."""
