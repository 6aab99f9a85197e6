"""The page Site: by which threshold the run reads here, and the test that chooses it."""
