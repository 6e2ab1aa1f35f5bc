"""Restatement: from one edition's value to another's for the same period, and from one run to the next, split into causes that add up exactly.

A cause is something that one side has otherwise than the other. What each does is its Shapley value (`shapley`), so that no order of the causes is stated or needed.
"""
