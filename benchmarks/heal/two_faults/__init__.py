"""Scripts with two faults each: are both found, and do their cures combine?"""
