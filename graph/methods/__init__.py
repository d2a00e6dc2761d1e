"""IOA and the methods it is compared with, each a graph over the same nodes."""
