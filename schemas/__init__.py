"""What a table of the product may hold: Arrow schemas, code lists, rules, tasks and errors."""

__version__ = "0.1.0"
