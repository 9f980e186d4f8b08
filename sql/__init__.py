"""The ground floor: the only package that speaks SQL. It knows neither Flask nor msgspec.

One module a feature: functions in, plain rows or frozen dataclasses out.
"""
