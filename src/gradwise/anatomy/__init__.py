"""What a module is made of: layers, shapes, parameters, work, and what each layer sees of the input."""
