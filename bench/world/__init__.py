"""A made-up world of models, agents and humans around a real gateway that is told nothing."""
