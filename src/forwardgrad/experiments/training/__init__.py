"""Networks trained by every method: runs, their frames, and what tables and figures make of them."""
