"""How well Pointsman routes, measured on files of real outcomes with the product's own code."""
