"""What judges and proves: tie-out, footing, findings, trace. Nothing here changes a number."""
