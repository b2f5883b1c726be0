"""stub"""
def decode(b): pass
def calls(b): pass
def journal(b): pass
