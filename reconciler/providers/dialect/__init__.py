"""The model of a dialect: one kind of key API described as data. Nothing in here speaks HTTP."""
