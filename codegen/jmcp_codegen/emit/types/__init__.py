"""Shapes of data: enums, arrays, params and result types, limits."""
