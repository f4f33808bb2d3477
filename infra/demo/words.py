"""The words of which invented people are made. Institutions' names and codes are public facts."""

from typing import NamedTuple


class Institution(NamedTuple):
    """A well-known name of the Ministry's list: its identifier ends in the five-digit code."""

    name: str
    identifier: str
    authority: str
    place: str
    level: str
    president: str

    @property
    def code(self) -> str:
        """The five digits that stand in certificate numbers."""
        return self.identifier[-5:]


class Major(NamedTuple):
    """A major as undergraduates and as graduates study it, and its discipline (学科门类)."""

    code: str
    name: str
    graduate_code: str
    graduate_name: str
    discipline: str


SURNAMES = tuple(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶"
)
GIVEN_MALE = tuple("伟强磊军洋勇杰涛明辉刚平鹏浩宇轩博文昊然子睿思远志成嘉木一鸣建国晓东")
GIVEN_FEMALE = tuple("芳娜敏静丽艳娟秀英霞梅婷雪倩慧颖欣怡梦洁若溪雨桐诗涵晓云书琴可心")
RARE_CHARACTERS = ("𬱖", "𠅤")

UYGHUR_MALE = (("艾尔肯", "AIERKEN"), ("阿迪力", "ADILI"), ("买买提江", "MAIMAITIJIANG"))
UYGHUR_FEMALE = (("古丽娜尔", "GULINAER"), ("迪丽拜尔", "DILIBAIER"), ("阿依古丽", "AYIGULI"))
UYGHUR_FATHERS = (("吐尔逊", "TUERXUN"), ("肉孜", "ROUZI"), ("阿布都热合曼", "ABUDUREHEMAN"))

LATIN_GIVEN = ("ANNA", "MARCO", "YUKI", "LINH", "OMAR", "ELENA", "JOSEPH", "AMINA")
LATIN_FAMILY = ("SPECIMEN", "MUSTERMANN", "EXEMPLAR", "PROVA", "TAMESHI", "PRIMER")

REGIONS = (
    *("110105", "310104", "440305", "330106", "510107", "320106", "420106", "610113", "620102"),
    *("530102", "350203", "430104", "370102", "210102", "220102", "230102", "120101", "410105"),
    *("130102", "140105", "340104", "360102", "450103", "460105", "500103", "520103", "540102"),
    *("630102", "640104", "650103", "150102", "330203", "440103", "440106", "510104", "320505"),
    *("370202", "350102", "420102", "610102"),
)
"""GB/T 2260 county codes."""

UNIVERSITIES = (
    Institution("北京大学", "4111010001", "教育部", "北京市", "本科", "顾示燕"),
    Institution("复旦大学", "4131010246", "教育部", "上海市", "本科", "沈示之"),
    Institution("华东师范大学", "4131010269", "教育部", "上海市", "本科", "陆示范"),
    Institution("浙江大学", "4133010335", "教育部", "杭州市", "本科", "钱示江"),
    Institution("厦门大学", "4135010384", "教育部", "厦门市", "本科", "林示海"),
    Institution("武汉大学", "4142010486", "教育部", "武汉市", "本科", "周示楚"),
    Institution("中山大学", "4144010558", "教育部", "广州市", "本科", "陈示粤"),
    Institution("四川大学", "4151010610", "教育部", "成都市", "本科", "李示川"),
    Institution("云南大学", "4153010673", "云南省", "昆明市", "本科", "杨示滇"),
    Institution("西安交通大学", "4161010698", "教育部", "西安市", "本科", "王示秦"),
    Institution("兰州大学", "4162010730", "教育部", "兰州市", "本科", "马示陇"),
    Institution("新疆大学", "4165010755", "新疆维吾尔自治区", "乌鲁木齐市", "本科", "赵示疆"),
)
"""The presidents are invented: their names hold 示, for 示例 (example)."""

COLLEGES = (
    Institution("无锡职业技术学院", "4132010848", "江苏省", "无锡市", "专科", "吴示锡"),
    Institution("金华职业技术学院", "4133012061", "浙江省", "金华市", "专科", "金示华"),
    Institution("长沙民政职业技术学院", "4143010827", "湖南省", "长沙市", "专科", "湘示政"),
    Institution("顺德职业技术学院", "4144010831", "广东省", "佛山市", "专科", "梁示顺"),
)

MAJORS = (
    Major("080901", "计算机科学与技术", "081200", "计算机科学与技术", "工学"),
    Major("080703", "通信工程", "081001", "通信与信息系统", "工学"),
    Major("081001", "土木工程", "081402", "结构工程", "工学"),
    Major("070101", "数学与应用数学", "070101", "基础数学", "理学"),
    Major("071001", "生物科学", "071010", "生物化学与分子生物学", "理学"),
    Major("050101", "汉语言文学", "050106", "中国现当代文学", "文学"),
    Major("050201", "英语", "050201", "英语语言文学", "文学"),
    Major("060101", "历史学", "060200", "中国史", "历史学"),
    Major("020101", "经济学", "020201", "国民经济学", "经济学"),
    Major("030101", "法学", "030106", "诉讼法学", "法学"),
    Major("120203", "会计学", "120201", "会计学", "管理学"),
    Major("040101", "教育学", "040101", "教育学原理", "教育学"),
)

LENDERS = ("国家开发银行", "中国银行", "中国工商银行")
AIDS = (("国家奖学金", "8000"), ("国家励志奖学金", "5000"), ("国家助学金", "3300"))
HOLD_REASONS = (
    "毕业图像与录取图像比对未通过，待院校核实",
    "姓名与证件不一致，待院校核实",
)
