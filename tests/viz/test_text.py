"""Trees for the terminal."""

from tinygrad_cnn.viz import draw_graph


def test_a_small_expression_is_a_tree(expression):
    out, params = expression
    assert (
        draw_graph({"loss": out}, params=params).text()
        == """\
5 ops, 8 parameters
loss  output  ()
└─ sum  dim (0, 1)  ()
   └─ mul  (4, 2)
      ├─ relu  (4, 2)
      │  └─ add  (4, 2)
      │     ├─ matmul  (4, 2)
      │     │  ├─ leaf  input  (4, 3)
      │     │  └─ w  parameter  (3, 2)
      │     └─ b  parameter  (2,)
      └─ b ↑"""
    )


def test_modules_are_listed_in_order(cnn, images):
    assert (
        draw_graph(cnn, images, level="op").text()
        == """\
SmallCNN: 5 ops, 690 parameters
 0  input  (5, 1, 8, 8)
    features  Sequential
    │  features.0  Conv2d
 1  │  │  features.0.weight  parameter  (4, 1, 3, 3)
 2  │  │  features.0.bias  parameter  (4,)
 3  │  │  conv2d  3×3, padding 1  (5, 4, 8, 8)  ← 0, 1, 2
 4  │  relu  features.1 (ReLU)  (5, 4, 8, 8)  ← 3
 5  │  max_pool2d  features.2 (MaxPool2d)  2×2, stride 2  (5, 4, 4, 4)  ← 4
 6  reshape  (5, 64)  ← 5
    classifier  Linear
 7  │  classifier.weight  parameter  (10, 64)
 8  │  classifier.bias  parameter  (10,)
 9  │  linear  (5, 10)  ← 6, 7, 8
10  output  (5, 10)  ← 9"""
    )


def test_deep_expressions_are_listed(tensor):
    x = y = tensor(2)
    for _ in range(20):
        y = y * 2
    lines = draw_graph(y).text().splitlines()
    assert lines[0] == "20 ops"
    assert lines[1] == f" 0  leaf  input  {tuple(x.shape)}"
    assert lines[-1] == "21  output  (2,)  ← 20"
