"""Questions on the way from VAE to diffusion, with explanations of every answer. Needs no torch."""

from __future__ import annotations

from core.system.question import Question

QUESTIONS = (
    Question(
        "one-step",
        "One step",
        "The lines of training are straight. What do the samples look like if the solver takes the whole way in one "
        "step of Euler’s method?",
        (
            (
                "As with 50 steps: a straight line needs one step",
                "No: the lines of training are straight, not the paths.",
            ),
            ("All alike", "Yes: every path ends at the mean of the latents."),
            ("Like noise", "No: the one step leads from the noise to a latent, the same for all."),
        ),
        1,
        "At t = 0 the noise says nothing about the latent that it belongs to, so the learned velocity leads from every "
        "point to the mean of all latents. Where the path has come closer to some latents than to others, later steps "
        "turn towards these: the paths bend.",
        "To see it: choose Euler and one step.",
    ),
    Question(
        "floor",
        "Floor of the loss",
        "The loss of the flow levels out far above 0. Why?",
        (
            ("The network is too small", "A larger one gains a little; most of the loss would stay."),
            ("The learning rate is too low", "No: the loss would still be falling."),
            (
                "Lines of many pairs pass through each point, in different directions",
                "Yes: one velocity cannot follow all of them.",
            ),
        ),
        2,
        "The loss compares with the velocity of one pair of noise and latent, but the network sees only a point on "
        "their line. The best it can tell is the mean of all lines through this point. What remains is their "
        "variance, which no network can remove; a flow is judged by its samples instead.",
        "To see it: learn a flow and watch its loss beside its samples.",
    ),
    Question(
        "holes",
        "Holes",
        "Hardly any draw from N(0, I) lies in a hole of this autoencoder’s plane (example-plane-ae). Is N(0, I) a good "
        "sampler for it?",
        (
            ("Yes: all pictures are good then", "They may be, and yet most kinds of pictures are missing."),
            ("No: it reaches only a small part of the latents", "Yes: nothing made this model’s latents fill N(0, I)."),
        ),
        1,
        "A sampler has to do two things: draw where the training latents lie, and reach all of them. A narrow one does "
        "the first without the second. The flow is learned to do both.",
        "To see it: compare the small planes: draws in holes, and latents reached.",
    ),
    Question(
        "guidance",
        "Guidance",
        "A class is chosen, and the weight of the guidance grows from 1 to 6. What happens to the samples?",
        (
            ("They become clearer examples of the class, and more alike", "Yes: variety is the price."),
            ("They become more varied", "No: they are pushed towards what is typical of the class."),
            ("Nothing: the class is the same", "The weight exaggerates what tells the class from the others."),
        ),
        0,
        "The guided velocity goes beyond that of the class, away from that without a class. The samples end where the "
        "class is most certain, not where its images are as frequent as in the training set.",
        "To see it: choose a class and move Guidance.",
    ),
)
