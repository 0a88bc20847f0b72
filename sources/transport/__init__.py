"""How files of a source are reached: archives on disk, hosts on the network."""
