"""Every customer valued: the contest of models on the past, the champion, its scores and their intervals."""
