"""What is wrong with a workspace before anything is built, by what it is about; `whole` asks for everything at once."""
