"""The families of torchvision, small: by their constructors where these let one, else with fewer channels."""

from functools import partial

import torch
import torch.nn.functional as F

from forwardgrad.data.torchvision_import import import_torchvision

from .case import BATCH, CLASSES, Case, labels
from .thin import thin

models = import_torchvision().models


def images(size, *frames):
    return torch.randn(BATCH, 3, *frames, size, size)


def thinned(build, factor=8, size=32, loss=F.cross_entropy, frames=()):
    """A network from its own builder, with its channels divided by `factor`."""
    with torch.device("meta"):
        model = build(num_classes=CLASSES * factor)
    return Case(thin(model, factor), loss, images(size, *frames), labels())


def small(build, *args, size=32, **options):
    """A network from its class, with fewer blocks."""
    return Case(build(*args, num_classes=CLASSES, **options), F.cross_entropy, images(size), labels())


def convnext():
    from torchvision.models.convnext import CNBlockConfig

    blocks = [CNBlockConfig(8, 16, 1), CNBlockConfig(16, 16, 2), CNBlockConfig(16, None, 1)]
    return small(models.ConvNeXt, blocks, stochastic_depth_prob=0.3, layer_scale=0.5)


def efficientnet_v2():
    from torchvision.models.efficientnet import FusedMBConvConfig, MBConvConfig

    blocks = [FusedMBConvConfig(1, 3, 1, 8, 8, 1), FusedMBConvConfig(4, 3, 2, 8, 8, 1), MBConvConfig(4, 3, 2, 8, 16, 2)]
    return small(models.EfficientNet, blocks, dropout=0.1, last_channel=32)


def regnet():
    from torchvision.models.regnet import BlockParams

    blocks = BlockParams.from_init_params(depth=6, w_0=16, w_a=8.0, w_m=2.0, group_width=8, se_ratio=0.25)
    return small(models.RegNet, blocks, stem_width=8)


def transformer():
    return small(models.VisionTransformer, 32, 8, 2, 2, 16, 32, dropout=0.1, attention_dropout=0.1)


def swin(**blocks):
    options = {"stochastic_depth_prob": 0.2, "dropout": 0.1, "attention_dropout": 0.1}
    return small(models.SwinTransformer, [2, 2], 8, [2, 2], [1, 2], [4, 4], **options, **blocks)


def swin_v2():
    from torchvision.models.swin_transformer import PatchMergingV2, SwinTransformerBlockV2

    return swin(block=SwinTransformerBlockV2, downsample_layer=PatchMergingV2)


def maxvit():
    return small(models.MaxVit, (32, 32), 8, 4, [8, 16], [1, 1], 4, 0.2, attention_dropout=0.1, mlp_dropout=0.1)


def swin3d():
    from torchvision.models.video.swin_transformer import SwinTransformer3d

    model = SwinTransformer3d([2, 4, 4], 8, [1, 1], [1, 2], [2, 2, 2], dropout=0.1, num_classes=CLASSES)
    return Case(model, F.cross_entropy, images(16, 4), labels())


def mvit():
    from torchvision.models.video.mvit import MSBlockConfig, MViT

    pool = {"kernel_q": [3, 3, 3], "kernel_kv": [3, 3, 3], "stride_kv": [1, 2, 2]}
    blocks = [MSBlockConfig(1, 8, 8, stride_q=[1, 1, 1], **pool), MSBlockConfig(2, 8, 16, stride_q=[1, 2, 2], **pool)]
    options = {"residual_pool": True, "residual_with_cls_embed": False, "rel_pos_embed": True, "proj_after_attn": True}
    model = MViT((16, 16), 4, blocks, dropout=0.1, stochastic_depth_prob=0.2, num_classes=CLASSES, **options)
    return Case(model, F.cross_entropy, images(16, 4), labels())


def auxiliary(outputs, targets):
    """GoogLeNet's loss: it returns a named tuple of logits."""
    first, *others = (F.cross_entropy(each, targets) for each in outputs)
    return first + 0.3 * sum(others)


def pixels(outputs, targets):
    """A segmentation network's loss: a dict of maps of logits, the auxiliary one too where there is one."""
    return sum(F.cross_entropy(maps, targets[:, None, None].expand(-1, *maps.shape[2:])) for maps in outputs.values())


def segmentation(build, **options):
    """A network for images of one value per pixel and class: 32 pixels would shrink to one."""
    return partial(thinned, partial(build, weights_backbone=None, **options), size=48, loss=pixels)


def video(build):
    return partial(thinned, build, size=16, frames=(4,))


ZOO = {
    "resnet18": partial(thinned, models.resnet18),
    "resnet50": partial(thinned, models.resnet50),
    "resnext50_32x4d": partial(thinned, models.resnext50_32x4d),
    "wide_resnet50_2": partial(thinned, models.wide_resnet50_2),
    "mobilenet_v2": partial(thinned, models.mobilenet_v2),
    "mobilenet_v3_small": partial(thinned, models.mobilenet_v3_small),
    "convnext": convnext,
    "densenet": partial(small, models.DenseNet, 4, (2, 3, 2, 2), 8),
    "efficientnet_b0": partial(thinned, models.efficientnet_b0, 4),
    "efficientnet_v2": efficientnet_v2,
    "squeezenet1_1": partial(thinned, models.squeezenet1_1),
    "shufflenet_v2_x0_5": partial(thinned, models.shufflenet_v2_x0_5, 4),
    "regnet_y": regnet,
    "mnasnet0_5": partial(thinned, models.mnasnet0_5),
    "alexnet": partial(thinned, models.alexnet, size=64),
    "vgg11": partial(thinned, models.vgg11),
    "vgg11_bn": partial(thinned, models.vgg11_bn),
    "googlenet": partial(thinned, partial(models.googlenet, init_weights=False), loss=auxiliary),
    "inception_v3": partial(thinned, partial(models.inception_v3, aux_logits=False, init_weights=False), size=75),
    "vit": transformer,
    "swin": swin,
    "swin_v2": swin_v2,
    "maxvit": maxvit,
    "fcn_resnet50": segmentation(models.segmentation.fcn_resnet50, aux_loss=True),
    "deeplabv3_mobilenet": segmentation(models.segmentation.deeplabv3_mobilenet_v3_large),
    "lraspp_mobilenet": segmentation(models.segmentation.lraspp_mobilenet_v3_large),
    "r3d_18": video(models.video.r3d_18),
    "mc3_18": video(models.video.mc3_18),
    "r2plus1d_18": video(models.video.r2plus1d_18),
    "swin3d": swin3d,
    "mvit": mvit,
}
