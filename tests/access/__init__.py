"""Who gets where: every address of the product, found by asking the URL resolver, as every kind of person."""
